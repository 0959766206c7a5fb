"""What amends a document that was sent: corrections, orders of a person, reversals, adoption."""
