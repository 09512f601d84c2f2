"""Version 5: reports over a million clients: an index of all their axes, values kept by their key."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

AXES = ("kind", "responsible_id", "relation_id", "region_id", "industry_id", "source_id", "created_at")


def upgrade() -> None:
    """Index the axes; on SQLite rebuild the values without row ids."""
    op.create_index("ix_clients_axes", "clients", ["id", *AXES], unique=False)
    if op.get_bind().dialect.name != "sqlite":
        return
    op.rename_table("client_values", "client_values_before")
    for names in (["client_id"], ["property_id", "value_id", "client_id"], ["property_id", "number", "client_id"]):
        op.drop_index(f"ix_client_values_{'_'.join(names)}")
    op.create_table(
        "client_values",
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("text", sa.String(length=400), nullable=True),
        sa.Column("since", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_values_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name=op.f("fk_client_values_property_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("property_id", "client_id", "place", name=op.f("pk_client_values")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO client_values (property_id, client_id, place, value_id, number, text, since) "
        "SELECT property_id, client_id, place, value_id, number, text, since "
        "FROM client_values_before ORDER BY property_id, client_id, place"
    )
    op.drop_table("client_values_before")
    for columns in (["client_id"], ["property_id", "value_id", "client_id"], ["property_id", "number", "client_id"]):
        op.create_index(f"ix_client_values_{'_'.join(columns)}", "client_values", columns, unique=False)
