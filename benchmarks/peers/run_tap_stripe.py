"""tap-stripe against a stand-in: charges as JSONL on standard output. Runs in tap-stripe's own environment.

python run_tap_stripe.py http://127.0.0.1:9000 2026-03-01
"""

import sys

import stripe
import tap_stripe
from singer import metadata
from singer.utils import now

base, start = sys.argv[1:]
stripe.api_base = base
# Its request timer reads the stream's name with a pattern that fits Stripe's own host alone.
tap_stripe.apply_request_timer_to_client = lambda client: None

context = tap_stripe.Context
context.config = {"client_secret": "rk_test_sandbox", "account_id": "acct_sandbox", "start_date": f"{start}T00:00:00Z"}
context.state = {}
context.tap_start = now()
context.catalog = tap_stripe.discover()
for stream in context.catalog["streams"]:
    if stream["tap_stream_id"] == "charges":
        chosen = metadata.write(metadata.to_map(stream["metadata"]), (), "selected", True)
        stream["metadata"] = metadata.to_list(chosen)
tap_stripe.configure_stripe_client()
tap_stripe.sync()
