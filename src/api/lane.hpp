// Calls of one kind, one after the other: what rank 0 decided for them, and the time that one of them took.
#pragma once

#include <cstdint>

#include "api/decision.hpp"
#include "collectives/allreduce.hpp"
#include "core/link_model.hpp"
#include "netprobe/stragglers.hpp"

namespace pliant {

/// Of a request, or of the blocking calls of one kind. Equal on all ranks but for the times.
struct Lane {
  std::int64_t measured = 0;  ///< which measurement of the network it goes back to

  // In force until the next meeting.
  const AllreduceAlgorithm* algorithm = nullptr;  ///< null: the cheapest by the formulas
  double correction = 1;                          ///< of its formula
  LinkModel link{};                               ///< alpha is 0: as measured
  double alpha_error = 0, beta_error = 0, alarm = 0;
  double regret_s = 0;   ///< predicted less that of the cheapest candidate then
  int calls_left = 0;    ///< before the ranks meet again
  bool at_once = false;  ///< they do then, whatever other calls have spent on meetings: a trial ends
  int calls = 0;         ///< since the last meeting, with the one that met
  int meetings = 0;
  int first_wait = 0;  ///< calls before the first one; 0: the first few follow one another at once

  /// Of the last call that had these; made anew after a meeting.
  struct Kept {
    bool valid = false, may_lose = false, outstanding = false, resumable = false;
    Decision decision;
  } kept;

  // The call after the last meeting.
  const AllreduceAlgorithm* sampled = nullptr;
  AllreduceShape shape;          ///< of it
  double sample_s = 0;           ///< on this rank; 0: none, or it was disturbed
  std::int64_t asked_bytes = 0;  ///< of the message after the last meeting that was only to teach; 0: none
  double message_s = 0;          ///< on this rank
  Attendance attended;           ///< this rank's at the last meeting
  double outside_s = -1;         ///< of the context's when the last call began; negative before the first
};

}  // namespace pliant
