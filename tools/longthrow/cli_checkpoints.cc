// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/cli_checkpoints.h"

#include <CLI/CLI.hpp>

#include "tools/longthrow/add_command.h"

namespace longthrow::cli {

void add_checkpoints(CLI::App& app, CommandLine& into) {
  CLI::App* make = add_command(
      app, into, "checkpoint",
      "At the primary site: put a named mark into what a group's programs write",
      "  longthrow checkpoint vm1 before-upgrade --wait\n"
      "  longthrow checkpoint vm1 nightly --wait \\\n"
      "      --freeze \"fsfreeze -f /srv/data\" --thaw \"fsfreeze -u /srv/data\"\n"
      "  longthrow checkpoint vm1 --freeze \"drbdadm suspend-io r0\" --thaw \"drbdadm resume-io "
      "r0\"\n"
      "  longthrow checkpoints vm1               what became of them, at either site\n"
      "When the copy has taken all before the mark, the node there runs on_checkpoint (a "
      "snapshot)\n"
      "and hands over nothing behind the mark until that program ends. Without --freeze the mark "
      "is a\n"
      "moment of all streams of the group (crash-consistent). With it, nothing is under way at "
      "all:\n"
      "the sources' sockets are empty and have rested for 250 ms. A process of its own thaws as "
      "soon\n"
      "as the mark has its place, when --freeze-timeout is over, and when this command is killed.");
  make->add_option("GROUP", into.name, "The group's name")->required();
  make->add_option("NAME", into.checkpoint, "The checkpoint's name (the time)");
  make->add_flag("--wait", into.wait, "Until the copy has reached it, and its hook has ended");
  make->add_option("--timeout", into.timeout, "Give up looking for its place after TIME (30s)")
      ->type_name("TIME");
  CLI::Option* freeze =
      make->add_option("--freeze", into.freeze, "A shell's command that stops the writes")
          ->type_name("COMMAND");
  CLI::Option* thaw = make->add_option("--thaw", into.thaw, "The one that lets them go on")
                          ->type_name("COMMAND")
                          ->needs(freeze);
  freeze->needs(thaw);
  make->add_option("--freeze-timeout", into.freeze_timeout, "Thaw after TIME at the latest")
      ->type_name("TIME")
      ->capture_default_str()
      ->needs(freeze);

  CLI::App* list = add_command(
      app, into, "checkpoints", "Show the checkpoints that this node knows",
      "  longthrow checkpoints            of all groups, the oldest first\n"
      "  longthrow checkpoints vm1\n"
      "  longthrow checkpoints --json | jq '.checkpoints[] | select(.state == "
      "\"done\") | .name'\n"
      "placed: it has its place in the stream. received: all before it is in the peer's "
      "memory.\n"
      "reached: the targets have taken all before it, and the hook runs. done, failed. "
      "ON DISK\n"
      "says whether the target's protocol has confirmed that (DRBD does).");
  list->add_option("GROUP", into.name, "Only of this group");
}

}  // namespace longthrow::cli
