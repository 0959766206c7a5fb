"""What Dagster sees: an asset for each thing a stage makes, its checks, partitions and the company resource.

What belongs here: thin functions that call one stage function and show a finance person what it did. No rule of the
books and no request is made here, and no stage knows Dagster.
"""
