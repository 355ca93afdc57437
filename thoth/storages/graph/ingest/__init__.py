"""Writes: one module a kind of document or topic. A function takes a session, and never commits."""
