// The lab's side of its socket: the questions it answers, and when it ends.
#pragma once

#include "apps/netlab/descriptor.hpp"
#include "apps/netlab/folder.hpp"
#include "apps/netlab/network.hpp"
#include "apps/netlab/schedule.hpp"

namespace pliant::netlab {

struct Control {
  Network& network;
  const LabFolder& folder;
  Descriptor socket;  ///< listening
  Descriptor life;    ///< if open, the lab ends when the other end closes
  Schedule schedule;  ///< begins when a client asks for it
  int ranks_per_host = 1;
};

/// Answers on a thread of its own until the lab ends: by the question `down`, by SIGTERM or SIGINT, or
/// because its life line closed. That thread ends the process.
///
/// Questions are {"do": NAME, ...}:
///   describe                      {"hosts", "ranks_per_host"}
///   set      target, settings     {}
///   start                         {} (the schedule begins)
///   stats                         see json_of(NetworkCounts)
///   log                           {"entries": [...]}, see json_of(JournalEntry)
///   enter    host                 {} with the host's namespaces: user, PID, network, UTS, IPC, mount
///   arrive                        {}; the sender is a rank: counted, or refused (roster.hpp)
///   ranks                         {"ranks": [...]}, those that have arrived on each host
///   down                          {}
void serve_control(Control control);

}  // namespace pliant::netlab
