"""How the stages run: the company resource, partitions, jobs, schedules, the demo, the development UI.

What belongs here: everything that starts a stage and nothing that a stage does.
"""
