"""What mypy has to refuse: `test_typed.py` compares its errors with the comments. Nobody runs it."""

from thoth.storages import GraphCache, GraphDatabase, SolverResultsStore, sync_solver_documents
from thoth.storages import GraphDatabse as Misspelt  # attr-defined
from thoth.storages.graph import GraphDatabase as Same

graph = GraphDatabase("cache.sqlite3")  # arg-type
graph.get_depends_on("flask", "1.0.2")  # call-arg
graph.get_depends_on("flask", 1.0, "https://pypi.org/simple")  # arg-type
graph.get_depends_on_many("flask", os_name="rhel")  # arg-type
graph.python_package_exists(["flask"])  # arg-type
graph.get_all_versions_python_package("flask", os="rhel")  # call-arg
graph.get_pythn_packages()  # attr-defined
number: int = graph.get_python_packages()  # assignment
graph.closure("flask")  # arg-type
graph.closure(("flask", "1.0.2", None), os_name=8).edges().tuples()  # arg-type attr-defined
GraphCache.load().get_depends_on("flask", "1.0.2", "https://pypi.org/simple").sort()  # union-attr
SolverResultsStore().store_document("document")  # arg-type
sync_solver_documents(graph="graph")  # arg-type
Same().sync_solver_result()  # call-arg
Misspelt()
