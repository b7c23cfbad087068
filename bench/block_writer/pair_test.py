# SPDX-License-Identifier: Apache-2.0
"""block_writer and block_reader against each other: pair_test.py WRITER READER"""
import json
import socket
import struct
import subprocess
import sys
import unittest

WRITER, READER = sys.argv[1:3]


def start_reader(*words: str) -> tuple[subprocess.Popen, int]:
    process = subprocess.Popen([READER, "--listen", "127.0.0.1:0", "--json", "--timeout", "30", *words],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())["port"]


def write(port: int, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([WRITER, "--connect", f"127.0.0.1:{port}", "--json", "--timeout", "30", *words],
                          capture_output=True, text=True, timeout=60)


def transfer(writer_words: tuple = (), reader_words: tuple = ()) -> tuple[dict, dict]:
    reader, port = start_reader(*reader_words)
    with reader:
        written = write(port, *writer_words)
        output, errors = reader.communicate(timeout=60)
    assert written.returncode == 0 and reader.returncode == 0, written.stderr + errors
    return json.loads(written.stdout), json.loads(output)


class Pair(unittest.TestCase):
    def test_both_report_the_same_bytes(self):
        wrote, read = transfer(("--size", "20MiB", "--wait-ack"))
        self.assertEqual(wrote["bytes"], 20 * 2**20)
        self.assertEqual((read["bytes"], read["sha256"]), (wrote["bytes"], wrote["sha256"]))
        self.assertTrue(read["clean"] and wrote["acknowledged"])
        self.assertGreaterEqual(wrote["acknowledged_s"], wrote["seconds"])

    def test_the_seed_decides_the_bytes_and_the_block_size_does_not(self):
        hashes = [transfer(("--size", "300000", "--seed", seed, "--block", block))[0]["sha256"]
                  for seed, block in (("7", "4KiB"), ("7", "64KiB"), ("8", "4KiB"))]
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[0], hashes[2])

    def test_sizes_beyond_the_pool_repeat_and_still_agree(self):
        wrote, read = transfer(("--size", "268500000", "--block", "100000"))
        self.assertEqual((read["bytes"], read["sha256"]), (wrote["bytes"], wrote["sha256"]))

    def test_a_slow_reader_blocks_the_writer_for_as_long_as_it_takes(self):
        wrote, read = transfer(("--size", "16MiB", "--sndbuf", "64KiB", "--wait-ack"), ("--rate", "8MiB"))
        self.assertGreater(read["last_byte_s"], 1.7)
        self.assertGreater(wrote["blocked_s"], 0.3)
        self.assertLessEqual(wrote["longest_stall_s"], wrote["blocked_s"])
        self.assertLessEqual(wrote["blocked_s"], wrote["seconds"])
        self.assertGreater(wrote["stalls"], 0)

    def test_a_paced_writer_is_not_blocked(self):
        wrote, read = transfer(("--size", "4MiB", "--rate", "8MiB/s"))
        self.assertGreater(wrote["seconds"], 0.45)
        self.assertLess(wrote["blocked_s"], 0.1)
        self.assertEqual(read["sha256"], wrote["sha256"])

    def test_nothing_is_a_stream_too(self):
        wrote, read = transfer(("--size", "0", "--wait-ack"))
        self.assertEqual((wrote["bytes"], read["bytes"]), (0, 0))

    def test_an_aborted_stream_is_not_a_clean_end(self):
        reader, port = start_reader()
        with reader, socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(b"x" * 1000)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
            output, errors = reader.communicate(timeout=30)
        self.assertEqual(reader.returncode, 1)
        self.assertFalse(json.loads(output)["clean"])
        self.assertIn("broke", errors)

    def test_a_wrong_acknowledgement_is_an_error(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            writer = subprocess.Popen([WRITER, "--connect", f"127.0.0.1:{server.getsockname()[1]}", "--size",
                                       "10000", "--wait-ack"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            peer, _ = server.accept()
            with writer, peer:
                while peer.recv(65536):
                    pass
                peer.sendall(b"ok 9999 abc\n")
                peer.close()
                _, errors = writer.communicate(timeout=30)
        self.assertEqual(writer.returncode, 1)
        self.assertIn(b"did not acknowledge", errors)

    def test_refused_and_misspelt_end_with_their_own_codes(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self.assertEqual(write(port).returncode, 1)
        self.assertIn("such as 64MiB", write(port, "--size", "64 sheep").stderr)
        self.assertEqual(write(port, "--size", "64 sheep").returncode, 2)
        self.assertEqual(write(port, "--block", "100").returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
