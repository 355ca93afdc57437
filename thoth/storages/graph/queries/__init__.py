"""Reads: one module a topic. A function takes a session, sends one statement, and returns plain data."""
