"""How the sample solver documents are made: facts about real releases, and a solver that is played."""
