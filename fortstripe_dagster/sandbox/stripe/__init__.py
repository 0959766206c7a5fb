"""The Stripe stand-in: `world` is one account, built by hand or by the merchant; `server` serves it over HTTP."""
