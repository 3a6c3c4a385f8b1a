"""The documents that a process keeps."""

import random

import pytest

from tableorder.web.document_cache import COMPRESSED_BYTES, ENTRY_BYTES, MAX_DOCUMENT_BYTES, DocumentCache


@pytest.fixture
def cache():
    return DocumentCache(max_bytes=10 * (1_000 + ENTRY_BYTES))


def test_a_document_is_kept_until_another_takes_its_place(cache):
    assert cache.get("a") is None
    cache.put("a", "1", b"one")
    cache.put("b", "1", b"other")
    cache.put("a", "2", b"two")
    found = [cache.get("a"), cache.get("b")]
    assert [(each.version, each.body) for each in found] == [("2", b"two"), ("1", b"other")]


def test_a_document_that_is_too_large_is_not_kept_nor_is_the_one_before(cache):
    cache.put("a", "1", b"one")
    cache.put("a", "2", bytes(MAX_DOCUMENT_BYTES + 1))
    assert cache.get("a") is None


def test_a_document_without_a_version_is_not_kept_nor_is_the_one_before(cache):
    cache.put("a", "1", b"one")
    cache.put("a", None, b"two")
    assert cache.get("a") is None


def test_those_not_used_for_longest_make_room(cache):
    for number in range(10):
        cache.put(number, "1", bytes(1_000))
    assert cache.get(0) is not None
    cache.put(10, "1", bytes(1_000))
    assert cache.get(1) is None
    assert all(cache.get(number) for number in (0, *range(2, 11)))


def test_a_large_document_takes_the_room_that_it_has_compressed(cache):
    large = [b"%d" % number * COMPRESSED_BYTES for number in range(10)]
    for number, body in enumerate(large):
        cache.put(number, "1", body)
    assert [cache.get(number).body for number in range(10)] == large
    cache.put(10, "1", random.Random(1).randbytes(COMPRESSED_BYTES))  # which nothing makes smaller
    assert [cache.get(number) for number in range(11)] == [None] * 11
