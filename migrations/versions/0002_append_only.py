"""What the database itself refuses: changing history, published versions, what was said."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Nothing may be changed or removed.
FROZEN = (
    "event",
    "anchor",
    "workflow_version",
    "publication",
    "roll_head",
    "roll_unit",
    "scheme",
    "decision",
    "migrated",
)
# A newer version may take the place of an older one; nothing else may be changed.
SUPERSEDED = ("position", "opinion")
# Only which jobs do it may change, and, once, that it was undone.
UNDONE = ("migration",)


# A definition and its versions point at each other: one key can only come after both tables.
CURRENT = "fk_workflow_current_id_workflow_version"


def upgrade() -> None:
    op.create_foreign_key(
        CURRENT, "workflow", "workflow_version", ["current_id"], ["id"], ondelete="RESTRICT"
    )
    op.execute("CREATE SEQUENCE case_number")
    # room in each page: a new event changes a case's head, and that need not touch its indexes
    op.execute('ALTER TABLE "case" SET (fillfactor = 90)')
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_all_but_latest() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT OLD.latest OR NEW.latest
               OR to_jsonb(OLD) - 'latest' <> to_jsonb(NEW) - 'latest' THEN
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_all_but_undone() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            free text[] := ARRAY['job_id', 'undo_job_id', 'undone_at', 'undone_name'];
        BEGIN
            IF to_jsonb(OLD) - free <> to_jsonb(NEW) - free
               OR (OLD.undone_at IS NOT NULL
                   AND (OLD.undone_at, OLD.undone_name) IS DISTINCT FROM
                       (NEW.undone_at, NEW.undone_name)) THEN
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER refuse_row BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in SUPERSEDED:
        op.execute(
            f"CREATE TRIGGER refuse_row BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER refuse_rewrite BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_all_but_latest()"
        )
    for table in UNDONE:
        op.execute(
            f"CREATE TRIGGER refuse_row BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER refuse_rewrite BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_all_but_undone()"
        )
    for table in FROZEN + SUPERSEDED + UNDONE:
        op.execute(
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_constraint(CURRENT, "workflow")
    for table in FROZEN + SUPERSEDED + UNDONE:
        op.execute(f"DROP TRIGGER refuse_truncate ON {table}")
        op.execute(f"DROP TRIGGER refuse_row ON {table}")
    for table in SUPERSEDED + UNDONE:
        op.execute(f"DROP TRIGGER refuse_rewrite ON {table}")
    op.execute("DROP FUNCTION refuse_all_but_undone()")
    op.execute("DROP FUNCTION refuse_all_but_latest()")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP SEQUENCE case_number")
