"""bin/chaos in its smallest form; CI runs the short forms."""

import pytest
from hypothesis import Phase

from tests.chaos.model import drive
from tests.chaos.site import opened_site

CHEAT = """
CREATE FUNCTION cheat() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.price := NEW.price + 1; RETURN NEW; END $$;
CREATE TRIGGER cheat BEFORE UPDATE ON menus FOR EACH ROW EXECUTE FUNCTION cheat();
"""


def test_random_business_is_as_the_model_says():
    with opened_site(workers=2) as site:
        drive(site, sequences=10, number=1)
        # What the model does not know of is noticed.
        site.query(CHEAT)
        with pytest.raises(AssertionError):
            drive(site, sequences=50, number=1, phases=[Phase.generate])
