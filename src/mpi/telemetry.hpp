// Telemetry: one small record of each rank, which travels in front of messages that an algorithm sends anyway.
// Every result of an allreduce depends on every rank. So if enough of its messages take along what their sender
// knows, all ranks hold all records at the end.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mpi/communicator.hpp"

namespace pliant {

class Telemetry {
 public:
  /// More ranks have no telemetry: their records would fill messages of their own.
  static constexpr int kMostRanks = 64;
  static constexpr std::size_t kRecordBytes = 160;  ///< of one rank, at most

  Telemetry() = default;
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;
  ~Telemetry();

  /// Gets the memory that calls need, before one of them is short of time. Does nothing the next time.
  void prepare(const Communicator& comm);
  /// Begins a call, after prepare(): only this rank's record is known. @param own  at most kRecordBytes
  void begin(const Communicator& comm, std::span<const std::byte> own);
  /// Are the records of all ranks known?
  bool complete() const { return known_.size() == places_.size(); }
  /// The record of a rank that is known.
  std::span<const std::byte> of(int rank) const;

  /// Sends `to` the records that this call has not sent it yet, without waiting. Throws Error(mpi).
  void send(const Communicator& comm, int tag, int to);
  /// Returns whether such a message of `from` has arrived, and takes over its records if so. `code`: out, of MPI, or
  /// MPI_ERR_TRUNCATE for a message that holds no records.
  bool receive(MPI_Comm comm, int tag, int from, int& code);
  /// Completes the sends that MPI has done with: at the end of a call usually all. Throws Error(mpi).
  void settle();

 private:
  struct Place {
    std::size_t bytes = 0;  ///< of the record; 0: unknown
    std::size_t told = 0;   ///< of known_, sent to this rank
  };
  struct Sending {
    std::vector<std::byte> bytes;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  std::byte* record(int rank) { return records_.data() + static_cast<std::size_t>(rank) * kRecordBytes; }
  void learn(int rank, std::span<const std::byte> bytes);
  bool take(std::span<const std::byte> message);
  static bool is_free(Sending& sending);
  Sending& free_sending();

  std::vector<Place> places_;       ///< [ranks]
  std::vector<std::byte> records_;  ///< [ranks][kRecordBytes]
  std::vector<int> known_;          ///< ranks whose record is known, in the order in which they became so
  std::vector<std::byte> arrived_;
  std::vector<Sending> sendings_;
};

}  // namespace pliant
