# SPDX-License-Identifier: Apache-2.0
"""G6: who is not the configured peer never comes up, and both logs say why."""
import re
import shutil
import subprocess

import pytest
from support.node import make_key
from support.streams import MIB, Sink, Source
from support.waiting import stays

WHY = r"(refus|reject|fail|differ|not accept|unknown|mismatch|wrong|expired|itself|plaintext|alert)"


def assert_never_up(pair, seconds: float = 6) -> None:
    def none_up():
        return all(node.link()["state"] != "up" for node in pair.nodes)
    stays(none_up, seconds, "no link comes up")
    for node in pair.nodes:
        assert node.link()["lanes"] == 0


def start_both(pair):
    for node in pair.nodes:
        node.start()
    return pair


def test_two_different_keys_never_come_up_and_the_right_one_does(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port})
        wrong = pair.folder / "wrong.psk"
        make_key(wrong)
        pair.beta.tables["link.dr"]["tls"] = {"psk_file": wrong}
        pair.beta.write_config()
        start_both(pair)
        assert_never_up(pair)
        for node in pair.nodes:
            line = node.wait_log(WHY + ".*key|key.*" + WHY)
            for secret in (pair.key, wrong):
                assert secret.read_text().strip().split(":")[1] not in node.log(), "a key was logged"
            assert "test" in line or "key" in line.lower()
        shutil.copyfile(pair.key, wrong)
        assert pair.beta.longthrow("reload").returncode == 0
        pair.wait_up()
        with Source(lab.a, pair.entry(), size=1 * MIB) as source:
            assert source.one(20)["answer_ok"]


def test_a_key_file_that_others_can_read_is_refused(make_lab, make_pair):
    pair = make_pair(make_lab(), routes={})
    pair.key.chmod(0o644)
    done = pair.alpha.check()
    assert done.returncode != 0
    assert str(pair.key) in done.stderr and "others" in done.stderr.lower(), done.stderr


class Authority:
    """A certificate authority of its own, and what it signs."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.ca = folder / "ca.pem"
        self._openssl("req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test ca",
                      "-days", "30")

    def _openssl(self, *args: str) -> None:
        subprocess.run(["openssl", *args], cwd=self.folder, check=True, capture_output=True)

    def sign(self, name: str, days: int = 30) -> dict:
        """The `tls` table of a node of this name; its `peer_name` is still to be set."""
        self._openssl("req", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                      f"/CN={name}")
        (self.folder / "ext").write_text(f"subjectAltName=DNS:{name}\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-CAcreateserial", "-days", str(days), "-out", f"{name}.pem", "-extfile", "ext")
        key = self.folder / f"{name}.key"
        key.chmod(0o600)
        return {"cert": self.folder / f"{name}.pem", "key": key, "ca": self.ca}


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def certified(pair, alpha: dict, beta: dict):
    for node, tls in ((pair.alpha, alpha), (pair.beta, beta)):
        node.tables["link.dr"]["tls"] = tls
        node.write_config()
    return start_both(pair)


def test_certificates_with_the_right_names_carry_traffic(make_lab, make_pair, folder):
    lab, authority = make_lab(), Authority(folder / "ca")
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port})
        certified(pair, {**authority.sign("alpha"), "peer_name": "beta"},
                  {**authority.sign("beta"), "peer_name": "alpha"})
        pair.wait_up()
        with Source(lab.a, pair.entry(), size=4 * MIB) as source:
            assert source.one(20)["answer_ok"]


@pytest.mark.parametrize("wrong_side", ["alpha", "beta"])
def test_a_certificate_with_another_name_is_refused(make_lab, make_pair, folder, wrong_side):
    lab, authority = make_lab(), Authority(folder / "ca")
    pair = make_pair(lab, routes={})
    expected = {"alpha": "beta", "beta": "alpha", wrong_side: "gamma"}
    certified(pair, {**authority.sign("alpha"), "peer_name": expected["alpha"]},
              {**authority.sign("beta"), "peer_name": expected["beta"]})
    assert_never_up(pair)
    getattr(pair, wrong_side).wait_log(r"gamma")
    for node in pair.nodes:
        node.wait_log(WHY)


def test_an_expired_certificate_is_refused_and_named_so(make_lab, make_pair, folder):
    lab, authority = make_lab(), Authority(folder / "ca")
    pair = make_pair(lab, routes={})
    certified(pair, {**authority.sign("alpha"), "peer_name": "beta"},
              {**authority.sign("beta", days=-1), "peer_name": "alpha"})
    assert_never_up(pair)
    for node in pair.nodes:
        node.wait_log(r"expired")


def check_longthrow(node) -> subprocess.CompletedProcess:
    return subprocess.run([node.programs / "check_longthrow", "--control", node.control], capture_output=True,
                          text=True, check=False, timeout=60)


def names_of_warnings(node) -> list[str]:
    return [warning["name"] for warning in node.link()["warnings"]]


def test_certificates_that_expire_are_told_before_they_do(make_lab, make_pair, folder):
    authority = Authority(folder / "ca")
    pair = make_pair(make_lab(), routes={})
    certified(pair, {**authority.sign("alpha", days=5), "peer_name": "beta"},
              {**authority.sign("beta", days=20), "peer_name": "alpha"})
    pair.wait_up()
    for node, ends in ((pair.alpha, "here"), (pair.beta, "peer")):
        there = node.link()["certificate_ends"]
        assert sorted(there, key=there.get)[0] == ends, there
        assert names_of_warnings(node) == ["certificate_ends"]
        done = check_longthrow(node)
        assert done.returncode == 1 and "certificate" in done.stdout, done
        doctor = node.longthrow("doctor")
        assert doctor.returncode == 1 and "certificate" in doctor.stdout, doctor
    text = pair.alpha.longthrow("status").stdout
    assert re.search(r"expires +this node's certificate 20\d\d-.*Z, the peer's 20\d\d-.*Z", text), text
    authority.sign("alpha", days=25)
    assert pair.alpha.longthrow("reload").returncode == 0
    assert names_of_warnings(pair.alpha) == []
    assert check_longthrow(pair.alpha).returncode == 0
    assert names_of_warnings(pair.beta) == ["certificate_ends"], "it knows what it was shown"
    assert pair.alpha.longthrow("pause", "dr").returncode == 0
    assert pair.alpha.longthrow("resume", "dr").returncode == 0
    pair.wait_up()
    assert names_of_warnings(pair.beta) == []


def test_a_certificate_that_has_expired_is_critical(make_lab, make_pair, folder):
    authority = Authority(folder / "ca")
    pair = make_pair(make_lab(), routes={})
    certified(pair, {**authority.sign("alpha", days=-1), "peer_name": "beta"},
              {**authority.sign("beta"), "peer_name": "alpha"})
    assert names_of_warnings(pair.alpha) == ["certificate_ended"]
    assert pair.beta.link()["certificate_ends"]["peer"] is None, "it was never up"
    done = check_longthrow(pair.alpha)
    assert done.returncode == 2 and "this node's certificate has expired" in done.stdout, done


def test_a_certificate_of_another_authority_is_refused(make_lab, make_pair, folder):
    ours, theirs = Authority(folder / "ca"), Authority(folder / "other")
    pair = make_pair(make_lab(), routes={})
    certified(pair, {**ours.sign("alpha"), "peer_name": "beta"},
              {**theirs.sign("beta"), "ca": ours.ca, "peer_name": "alpha"})
    assert_never_up(pair)
    for node in pair.nodes:
        node.wait_log(WHY)


def test_a_node_that_reaches_itself_refuses_its_own_identity(make_lab, make_pair):
    lab = make_lab()
    pair = make_pair(lab, routes={})
    link = pair.alpha.tables["link.dr"]
    link["connect"] = link["listen"]
    pair.alpha.write_config()
    pair.alpha.start()
    stays(lambda: pair.alpha.link()["state"] != "up", 4, "not linked with itself")
    pair.alpha.wait_log(r"(own|itself|reflect|same (name|node|incarnation))")
    pair.beta.start()  # the true peer is still welcome
    pair.alpha.wait_link("up")
    assert pair.alpha.link()["peer"] == "beta"


def test_a_node_with_the_same_name_is_refused(make_lab, make_pair):
    pair = make_pair(make_lab(), routes={})
    pair.beta.tables["node"]["name"] = "alpha"
    pair.beta.write_config()
    start_both(pair)
    assert_never_up(pair, 4)


def test_a_plaintext_peer_is_refused(make_lab, make_pair):
    pair = make_pair(make_lab(), routes={})
    link = pair.beta.tables["link.dr"]
    link.update(tls="none", allow_plaintext=True)
    pair.beta.write_config()
    start_both(pair)
    assert_never_up(pair)
    pair.alpha.wait_log(WHY)
    pair.beta.wait_log(r"(plaintext|\"?none\"?|unencrypted)")  # the warning at start


def test_plaintext_off_loopback_needs_the_word(make_lab, make_pair):
    pair = make_pair(make_lab(), routes={})
    pair.alpha.tables["link.dr"]["tls"] = "none"
    pair.alpha.write_config()
    done = pair.alpha.check()
    assert done.returncode != 0 and "allow_plaintext" in done.stderr, done.stderr
