"""The documents that a process keeps."""

from tableorder.http.documents import LARGEST, MOST_BYTES, DocumentCache, Versioned


def test_a_document_is_kept_until_another_takes_its_place():
    cache = DocumentCache()
    assert cache.get("a") is None
    cache.put("a", Versioned("1", b"one"))
    cache.put("b", Versioned("1", b"other"))
    cache.put("a", Versioned("2", b"two"))
    assert cache.get("a") == ("2", b"two") and cache.get("b") == ("1", b"other")


def test_a_document_that_is_too_large_is_not_kept_nor_is_the_one_before():
    cache = DocumentCache()
    cache.put("a", Versioned("1", b"one"))
    cache.put("a", Versioned("2", bytes(LARGEST + 1)))
    assert cache.get("a") is None


def test_those_not_used_for_longest_make_room():
    cache = DocumentCache()
    places = MOST_BYTES // LARGEST
    for number in range(places):
        cache.put(number, Versioned("1", bytes(LARGEST)))
    assert cache.get(0) is not None
    cache.put(places, Versioned("1", bytes(LARGEST)))
    assert cache.get(1) is None
    assert all(cache.get(number) for number in (0, *range(2, places + 1)))
