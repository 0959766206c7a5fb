"""What is still to be sent, what stops it, and how a person sees and approves it. Nothing is written here."""
