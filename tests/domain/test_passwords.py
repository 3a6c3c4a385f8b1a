"""Passwords are compared as they are meant, and those kept before that are still known."""

import bcrypt
import pytest

from tableorder.domain import passwords
from tableorder.domain.errors import Invalid
from tableorder.domain.passwords import hash_password, verify_password

NFC, NFD = "한식당", "\u1112\u1161\u11ab\u1109\u1175\u11a8\u1103\u1161\u11bc"


@pytest.mark.parametrize("kept", [NFC, NFD, f"  {NFC}\n"])
@pytest.mark.parametrize("sent", [NFC, NFD, f"\u3000{NFD} "])
def test_a_password_is_known_however_it_is_written(kept, sent):
    assert verify_password(sent, hash_password(kept, cost=4), cost=4)


def test_spaces_of_every_kind_are_the_same():
    kept = hash_password("한\u3000식\u00a0당", cost=4)
    assert (
        verify_password("한 식 당", kept)
        and not verify_password("한식당", kept)
        and not verify_password("한  식 당", kept)
    )


@pytest.mark.parametrize("password", [NFD, f" {NFC} ", "한\u3000식당"])
def test_a_password_kept_as_it_was_sent_is_known_when_it_is_sent_like_that(password):
    kept = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    assert verify_password(password, kept)
    assert not verify_password(NFC, kept) or password == NFC


def test_a_hash_that_is_cut_short_is_no_passwords():
    assert not verify_password("secret", hash_password("secret", cost=4)[:-20], cost=4)


@pytest.mark.parametrize("password", ["a" * 73, "가" * 25])
def test_a_password_that_is_longer_than_bcrypt_takes_is_wrong(password):
    assert not verify_password(password, hash_password("secret", cost=4), cost=4)


@pytest.mark.parametrize(("password", "checks"), [("secret", 1), (NFC, 1), (NFD, 2), (" secret", 2)])
def test_a_wrong_password_is_as_much_work_as_an_unknown_account(monkeypatch, password, checks):
    counted = []
    checkpw = bcrypt.checkpw
    monkeypatch.setattr(passwords.bcrypt, "checkpw", lambda *sent: counted.append(sent) or checkpw(*sent))
    assert not verify_password(password, hash_password("another", cost=4), cost=4)
    assert len(counted) == checks
    assert not verify_password(password, None, cost=4)
    assert len(counted) == 2 * checks


def test_a_password_has_72_bytes_once_it_is_normalised():
    assert verify_password(NFC * 8, hash_password(NFD * 8, cost=4))
    for long in (NFC * 8 + "x", "x" * 73, "가" * 25, "x" * 1_000_000, "a" + "\u0301\u0323" * 1_000_000):
        with pytest.raises(Invalid, match="72 bytes"):
            hash_password(long, cost=4)


@pytest.mark.parametrize("password", ["", "  ", "\u3164", "a\0b", "a\tb", "a\nb", "a\u202eb", "a\u200bb", "\ud800"])
def test_what_is_no_text_is_no_password(password):
    with pytest.raises(Invalid):
        hash_password(password, cost=4)
    assert not verify_password(password, None, cost=4)
