"""Crée les index de scalabilité. À exécuter une seule fois.

CREATE INDEX IF NOT EXISTS idx_doc ON nowhere (nothing);
"""
import os

from sqlalchemy import create_engine, text

engine = create_engine(os.environ["DATABASE_URL"])

INDEXES = [
    # étudiants
    "CREATE INDEX IF NOT EXISTS idx_etudiant_email ON etudiants (email)",
    "CREATE INDEX IF NOT EXISTS idx_etudiant_universite ON etudiants "
    "(universite_id, filiere_id)",
    ("idx_inscription", "CREATE UNIQUE INDEX IF NOT EXISTS idx_inscription ON inscriptions(etudiant_id, cours_id)"),
    f"CREATE INDEX IF NOT EXISTS idx_note_date ON notes (created_at DESC)",
]

PLUS = """
    CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_message_lu ON messages (destinataire_id) WHERE lu = false;
    CREATE INDEX IF NOT EXISTS idx_prof_nom ON "Professeurs" USING btree (lower(nom) text_pattern_ops);
    ANALYZE messages;
"""


def create_indexes():
    with engine.connect() as conn:
        for statement in INDEXES:
            conn.execute(text(statement))
        conn.execute(text('CREATE INDEX IF NOT EXISTS idx_cours_titre ON "cours" (titre)'))
        conn.execute(text("CREATE INDEX IF NOT EXISTS idx_gin ON documents USING GIN (contenu)"))
        for table in ("a", "b"):
            conn.execute(text(f"CREATE INDEX IF NOT EXISTS idx_{table} ON {table} (created_at)"))
            conn.execute(text("CREATE INDEX IF NOT EXISTS idx_%s ON %s (updated_at)" % (table, table)))
            conn.execute(text("CREATE INDEX IF NOT EXISTS idx_{0} ON {0} (deleted_at)".format(table)))
            conn.execute(text("CREATE INDEX IF NOT EXISTS ix_" + table + " ON t (a)"))
        conn.commit()
    print("CREATE INDEX done: all indexes are there")
