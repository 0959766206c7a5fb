"""What was sent, answered, sealed and ordered: journal.sqlite, its mirror in the warehouse, what is read from both."""
