"""The plan into Fortnox, each request journalled before it leaves, each answer after; and the look-up of lost ones."""
