"""What documents look like: one module a kind. They know neither the database nor the object store."""
