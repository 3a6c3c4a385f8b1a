"""The documents that a process keeps."""

from tableorder.http.documents import MAX_BYTES, MAX_DOCUMENT_BYTES, DocumentCache


def test_a_document_is_kept_until_another_takes_its_place():
    cache = DocumentCache()
    assert cache.get("a") is None
    cache.put("a", "1", b"one")
    cache.put("b", "1", b"other")
    cache.put("a", "2", b"two")
    assert cache.get("a") == ("2", b"two") and cache.get("b") == ("1", b"other")


def test_a_document_that_is_too_large_is_not_kept_nor_is_the_one_before():
    cache = DocumentCache()
    cache.put("a", "1", b"one")
    cache.put("a", "2", bytes(MAX_DOCUMENT_BYTES + 1))
    assert cache.get("a") is None


def test_a_document_without_a_version_is_not_kept_nor_is_the_one_before():
    cache = DocumentCache()
    cache.put("a", "1", b"one")
    cache.put("a", None, b"two")
    assert cache.get("a") is None


def test_those_not_used_for_longest_make_room():
    cache = DocumentCache()
    places = MAX_BYTES // MAX_DOCUMENT_BYTES
    for number in range(places):
        cache.put(number, "1", bytes(MAX_DOCUMENT_BYTES))
    assert cache.get(0) is not None
    cache.put(places, "1", bytes(MAX_DOCUMENT_BYTES))
    assert cache.get(1) is None
    assert all(cache.get(number) for number in (0, *range(2, places + 1)))
