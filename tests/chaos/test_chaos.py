"""bin/chaos in its smallest form; CI runs the short forms."""

import pytest
from hypothesis import Phase

from tests.chaos.model import drive
from tests.chaos.site import folder_in_memory, opened_site
from tests.chaos.turnover import turn_over_through_http, turn_over_through_repositories

CHEAT = """
CREATE FUNCTION cheat() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.price := NEW.price + 1; RETURN NEW; END $$;
CREATE TRIGGER cheat BEFORE UPDATE ON menus FOR EACH ROW EXECUTE FUNCTION cheat();
"""

FORGET = """
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.archived_order_data := NEW.archived_order_data #- '{orders,0}';
    RETURN NEW;
END;
$$;
CREATE TRIGGER forget BEFORE INSERT ON order_history FOR EACH ROW EXECUTE FUNCTION forget();
"""


def test_random_business_is_as_the_model_says():
    with opened_site(workers=2) as site:
        drive(site, sequences=10, number=1)
        # What the model does not know of is noticed.
        site.query(CHEAT)
        with pytest.raises(AssertionError):
            drive(site, sequences=200, number=1, phases=[Phase.generate])


def test_tables_turn_over_without_a_loss():
    with folder_in_memory() as folder, opened_site(workers=2, folder=folder) as site:
        assert not turn_over_through_repositories(site, 300, seed=1).faults
        assert not turn_over_through_http(site, 150, seed=1).faults
        # An archive that lacks an order is noticed.
        site.query(FORGET)
        faults = turn_over_through_repositories(site, 100, seed=1).faults
        assert faults.keys() == {"lost", "archived otherwise than answered"}
