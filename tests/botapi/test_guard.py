"""The guard: which addresses are public, which names allowed, which disguises seen through."""

import ipaddress
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botapi.guard import (
    GuardRefused,
    InvalidAddress,
    NameNotResolved,
    OutboundPolicy,
    Proxy,
    literal_address,
    parse_allowed_hosts,
    refusal,
    system_addresses,
)
from tests.botapi.servers import Names

PUBLIC = ["8.8.8.8", "149.154.167.220", "172.15.0.1", "100.63.255.255", "2001:67c:4e8:f004::9",
          "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]  # fmt: skip
INTERNAL = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.8.8",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.0.1", "198.18.0.1",
    "168.63.129.16", "203.0.113.5", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "2001::1", "2001:db8::1", "3fff::1", "4000::1", "100::1", "64:ff9b:1::1", "5f00::1",
    "::ffff:127.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::169.254.169.254", "2002:7f00:1::",
    "2002:c0a8:101::1", "2a00::5efe:10.0.0.1", "2a00::200:5efe:192.168.1.1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize("address", INTERNAL)
def test_internal_addresses_are_refused_with_the_reason_and_the_remedy(address: str) -> None:
    policy = OutboundPolicy(resolver=Names({"name.test": ["8.8.8.8", address]}))
    for host in (address, "name.test"):
        with pytest.raises(GuardRefused) as caught:
            policy.addresses(host, 443, 1)
        assert host in str(caught.value)
        assert "OUTBOUND_ALLOWED_HOSTS" in str(caught.value)
        assert " is " in caught.value.reason


@given(st.integers(0, (1 << 32) - 1))
def test_wrapping_an_ipv4_address_changes_nothing(number: int) -> None:
    bare = ipaddress.IPv4Address(number)
    wrapped = [
        f"::ffff:{bare}",
        f"64:ff9b::{bare}",
        str(ipaddress.IPv6Address(0x2002 << 112 | number << 80)),
    ]
    assert {refusal(one) is None for one in wrapped} == {refusal(str(bare)) is None}


@given(st.ip_addresses())
def test_the_guard_is_no_laxer_than_the_standard_library(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if refusal(str(ip)) is None and not str(ip).startswith("2002:"):
        assert not ip.is_private or str(ip).startswith("64:ff9b::")
        assert not any((ip.is_loopback, ip.is_link_local, ip.is_multicast, ip.is_unspecified))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("10.0.0.1.", "10.0.0.1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("api.telegram.org", None),
        ("1.2.3.4.nip.io", None),
        ("", None),
    ],
)
def test_addresses_in_disguise(host: str, address: str | None) -> None:
    assert literal_address(host) == address


@pytest.mark.parametrize(
    ("allowed", "host", "port", "expected"),
    [
        ("grafana", "grafana", 3000, True),
        ("Grafana.", "GRAFANA", 1, True),
        ("grafana:3000", "grafana", 3000, True),
        ("grafana:3000", "grafana", 3001, False),
        ("grafana", "grafana.example", 3000, False),
        ("127.0.0.1", "localhost", 80, False),
        ("localhost", "127.0.0.1", 80, False),
        ("127.0.0.1", "127.1", 80, False),
        ("::1", "::1", 80, True),
        ("[::1]", "0:0:0:0:0:0:0:1", 80, True),
        ("[::1]:8081", "::1", 8081, True),
        ("[::1]:8081", "::1", 80, False),
    ],
)
def test_allowed_hosts_match_as_named(allowed: str, host: str, port: int, expected: bool) -> None:
    assert OutboundPolicy(allowed_hosts=frozenset({allowed})).allows(host, port) is expected


def test_an_allowed_name_may_have_any_address() -> None:
    policy = OutboundPolicy(frozenset({"api.lan"}), resolver=Names({"api.lan": ["10.0.0.7"]}))
    assert policy.addresses("api.lan", 80, 1) == ["10.0.0.7"]


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("api.telegram.org", False),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("10.0.0.1", True),
        ("10.0.0.1.", True),
        ("8.526344", True),  # 8.8.8.8 in a form that a proxy may read differently
        ("010.8.8.8", True),
        ("::ffff:10.0.0.1", True),
        ("grafana", True),
        ("localhost.", True),
        ("metadata.google.internal", True),
        ("a.localhost", True),
        ("printer.local.", True),
        ("local.example", False),
    ],
)
def test_behind_a_proxy_what_looks_internal_is_refused(host: str, refused: bool) -> None:
    policy = OutboundPolicy()
    if refused:
        with pytest.raises(GuardRefused):
            policy.check_behind_proxy(host, 443)
        OutboundPolicy(frozenset({host})).check_behind_proxy(host, 443)
    else:
        policy.check_behind_proxy(host, 443)


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example", "does-not-exist.invalid"])
def test_names_that_cannot_be_looked_up(host: str) -> None:
    with pytest.raises(NameNotResolved):
        OutboundPolicy().addresses(host, 443, 5)


def test_the_systems_resolver_is_the_usual_one() -> None:
    assert "127.0.0.1" in system_addresses("localhost", 80)


def test_hanging_look_ups_hold_up_nobody_for_long() -> None:
    release = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        release.wait(60)
        return ["8.8.8.8"]

    policy = OutboundPolicy(resolver=hanging)
    failures: list[str] = []

    def look_up() -> None:
        with pytest.raises(NameNotResolved) as caught:
            policy.addresses("slow.example", 443, 0.2)
        failures.append(str(caught.value))

    threads = [threading.Thread(target=look_up) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    release.set()
    assert len(failures) == 40
    assert sum("too many" in failure for failure in failures) == 8


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://Proxy.Example:3128", Proxy("http", "proxy.example", 3128)),
        ("socks5://p:1080/", Proxy("socks5", "p", 1080)),
        ("socks5h://u%40x:p%3A@[::1]:1080", Proxy("socks5", "::1", 1080, "u@x", "p:")),
    ],
)
def test_proxies_are_read(url: str, proxy: Proxy) -> None:
    assert Proxy.parse(url) == proxy


def test_a_proxys_password_is_never_shown() -> None:
    proxy = Proxy.parse("http://user:hidden-word@p.example:1")
    assert "hidden-word" not in repr(proxy) + proxy.url
    for url in (
        "http://user:hidden-word@p:x",
        "ftp://user:hidden-word@p:1",
        "http://u:hidden-word@p",
    ):
        with pytest.raises(InvalidAddress) as caught:
            Proxy.parse(url)
        assert "hidden-word" not in str(caught.value)


def test_the_operators_list_is_checked() -> None:
    assert parse_allowed_hosts([" a ", "", "b:1"]) == frozenset({"a", "b:1"})
    for bad in ("http://a", "a/b", "*.example"):
        with pytest.raises(InvalidAddress, match="OUTBOUND_ALLOWED_HOSTS"):
            parse_allowed_hosts([bad])
