// SPDX-License-Identifier: Apache-2.0
// What a node is given.
#pragma once

namespace longthrow {

class Loop;
class WorkerPool;
class TlsProvider;
class RandomSource;
class SourcePositions;
class HookRunner;

// What a node uses; all of it outlives the node.
struct NodeParts {
  Loop& loop;
  WorkerPool& workers;
  TlsProvider& tls;
  RandomSource& random;
  SourcePositions* sources = nullptr;  // null: cuts are not proven
  HookRunner* hooks = nullptr;         // null: no hook is run, and a checkpoint says so
};

}  // namespace longthrow
