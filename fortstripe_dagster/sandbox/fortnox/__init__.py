"""The Fortnox stand-in: `books` is one company's real double entry; `server` serves it, as strict as the real one."""
