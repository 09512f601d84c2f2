"""Version 3: the whole card: requisites, directories, properties with their history, every change, grid views."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Widen the clients, add what an admin defines and what people change."""
    for name, length in (("inn", 12), ("kpp", 9), ("ogrn", 15)):
        op.add_column("clients", sa.Column(name, sa.String(length=length), server_default="", nullable=False))
    for name in ("relation_id", "region_id", "industry_id", "source_id"):
        op.add_column("clients", sa.Column(name, sa.Integer()))
    op.add_column("clients", sa.Column("time_zone", sa.String(length=40), server_default="", nullable=False))
    for name in ("created_at", "updated_at", "inn", "relation_id", "region_id", "industry_id"):
        op.create_index(op.f(f"ix_clients_{name}"), "clients", [name], unique=False)
    _definitions()
    _of_clients()
    op.create_table(
        "grid_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), server_default="", nullable=False),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_grid_views_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_views")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_grid_views_user_id_name")),
    )
    op.create_index(op.f("ix_grid_views_user_id"), "grid_views", ["user_id"], unique=False)


def _definitions() -> None:
    op.create_table(
        "directory_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("directory", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retired_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_items")),
        sa.UniqueConstraint("directory", "name", name=op.f("uq_directory_items_directory_name")),
    )
    op.create_table(
        "properties",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("applies_to", sa.String(length=40), server_default="", nullable=False),
        sa.Column("required", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("in_pop", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retired_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_properties")),
        sa.UniqueConstraint("name", name=op.f("uq_properties_name")),
    )
    op.create_table(
        "property_values",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("color", sa.String(length=8), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retired_at", sa.Float(), nullable=True),
        _property("property_values"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_property_values")),
        sa.UniqueConstraint("property_id", "name", name=op.f("uq_property_values_property_id_name")),
    )


def _of_clients() -> None:
    op.create_table(
        "client_places",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=400), nullable=False),
        _client("client_places"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_places")),
    )
    op.create_table(
        "client_values",
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("value_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("text", sa.String(length=400), nullable=True),
        sa.Column("since", sa.Float(), nullable=False),
        _property("client_values"),
        _client("client_values"),
        sa.PrimaryKeyConstraint("property_id", "client_id", "place", name=op.f("pk_client_values")),
    )
    op.create_table(
        "value_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("value_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("text", sa.String(length=400), nullable=True),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        _property("value_history"),
        _client("value_history"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_history")),
    )
    op.create_table(
        "client_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("batch", sa.String(length=32), nullable=True),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("was", sa.Text(), server_default="", nullable=False),
        sa.Column("became", sa.Text(), server_default="", nullable=False),
        _client("client_changes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_changes")),
    )
    for table, columns in (
        ("client_places", ["client_id"]),
        ("client_values", ["client_id"]),
        ("client_values", ["property_id", "value_id", "client_id"]),
        ("client_values", ["property_id", "number", "client_id"]),
        ("value_history", ["client_id"]),
        ("value_history", ["property_id", "until"]),
        ("client_changes", ["batch"]),
        ("client_changes", ["client_id", "at"]),
    ):
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns, unique=False)


def _client(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["client_id"], ["clients.id"], name=op.f(f"fk_{table}_client_id"), ondelete="CASCADE"
    )


def _property(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["property_id"], ["properties.id"], name=op.f(f"fk_{table}_property_id"), ondelete="CASCADE"
    )
