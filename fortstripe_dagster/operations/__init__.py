"""How the stages run apart from Dagster: the whole way as one call, the demo, the sandbox, the development UI.

What belongs here: everything that starts a stage and nothing that a stage does.
"""
