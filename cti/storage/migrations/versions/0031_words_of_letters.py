"""Version 31: words by which letters are found."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Add the table and the engine's own index over it."""
    words = "letter_words"
    op.create_table(
        words,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_letter_words_letter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_words")),
    )
    op.create_index(op.f("ix_letter_words_letter_id"), words, ["letter_id"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        vector = "array_to_tsvector(string_to_array(words, ' '))"
        op.execute(f"CREATE INDEX ix_letter_words_vector ON letter_words USING gin ({vector})")
        return
    op.execute(
        "CREATE VIRTUAL TABLE letter_fts USING fts5(words, content='letter_words', content_rowid='id',"
        " detail='none', columnsize=0, prefix='3 4 5 6', tokenize='unicode61 remove_diacritics 0')"
    )
    remove = "INSERT INTO letter_fts (letter_fts, rowid, words) VALUES ('delete', old.id, old.words);"
    add = "INSERT INTO letter_fts (rowid, words) VALUES (new.id, new.words);"
    op.execute(f"CREATE TRIGGER letter_fts_insert AFTER INSERT ON letter_words BEGIN {add} END")
    op.execute(f"CREATE TRIGGER letter_fts_delete AFTER DELETE ON letter_words BEGIN {remove} END")
