// Calls of one kind, one after the other: what rank 0 decided for them, and the time that one of them took.
#pragma once

#include <cstdint>

#include "api/decision.hpp"
#include "collectives/allreduce.hpp"
#include "core/link_model.hpp"
#include "netprobe/stragglers.hpp"

namespace pliant {

/// Of a request, or of the blocking calls of one length. Equal on all ranks but for the times.
struct Lane {
  std::int64_t count = -1;  ///< of blocking calls; -1: none yet
  ElementType type = ElementType::float32;
  std::int64_t measured = 0;  ///< which measurement of the network it goes back to

  // In force until the next meeting.
  const AllreduceAlgorithm* algorithm = nullptr;  ///< null: the cheapest by the formulas
  double correction = 1;                          ///< of its formula
  LinkModel link;
  double alpha_error = 0, beta_error = 0, alarm = 0;
  double regret_s = 0;  ///< predicted less that of the cheapest candidate then
  int calls_left = 0;   ///< before the ranks meet again
  int calls = 0;        ///< from the last meeting to the next
  int meetings = 0;

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
