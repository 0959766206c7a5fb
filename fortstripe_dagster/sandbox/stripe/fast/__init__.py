"""The Stripe stand-in's fast mode: a million objects of realistic size, served at next to no cost, to time a reader by.

A process of its own (`python -m fortstripe_dagster.sandbox.stripe.fast --charges 20000`), so that the reader's CPU and
memory are measured alone. Nothing ever changes in it; what may happen on an account is the stateful stand-in's matter.
"""
