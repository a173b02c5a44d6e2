#include "mpi/telemetry.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "mpi/check.hpp"

namespace pliant {
namespace {

/// Messages that can be under way without getting more memory.
constexpr std::size_t kPrepared = 4;

/// In front of each record of a message.
struct Head {
  std::uint32_t rank;
  std::uint32_t bytes;
};

}  // namespace

Telemetry::~Telemetry() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  for (Sending& sending : sendings_) {
    if (sending.request == MPI_REQUEST_NULL) continue;
    int done = 0;
    if (finalized == 0) MPI_Test(&sending.request, &done, MPI_STATUS_IGNORE);
    if (done != 0) continue;
    // An operation was given up, and MPI may still read this memory. It is never freed.
    if (finalized == 0) MPI_Request_free(&sending.request);
    static_cast<void>(new std::vector<std::byte>(std::move(sending.bytes)));
  }
}

void Telemetry::prepare(const Communicator& comm) {
  const auto ranks = static_cast<std::size_t>(comm.ranks());
  places_.resize(ranks);
  records_.resize(ranks * kRecordBytes);
  arrived_.resize(ranks * (kRecordBytes + sizeof(Head)));
  while (sendings_.size() < kPrepared) sendings_.emplace_back().bytes.reserve(arrived_.size());
  known_.reserve(ranks);
}

void Telemetry::begin(const Communicator& comm, std::span<const std::byte> own) {
  places_.assign(places_.size(), {});
  known_.clear();
  learn(comm.rank(), own);
}

std::span<const std::byte> Telemetry::of(int rank) const {
  const auto place = static_cast<std::size_t>(rank);
  return {records_.data() + place * kRecordBytes, places_[place].bytes};
}

void Telemetry::learn(int rank, std::span<const std::byte> bytes) {
  Place& place = places_[static_cast<std::size_t>(rank)];
  if (place.bytes > 0) return;
  std::memcpy(record(rank), bytes.data(), bytes.size());
  place.bytes = bytes.size();
  known_.push_back(rank);
}

bool Telemetry::is_free(Sending& sending) {
  int done = 1;
  if (sending.request != MPI_REQUEST_NULL)
    check(MPI_Test(&sending.request, &done, MPI_STATUS_IGNORE), "MPI_Test");
  return done != 0;
}

Telemetry::Sending& Telemetry::free_sending() {
  const auto found = std::find_if(sendings_.begin(), sendings_.end(), is_free);
  return found != sendings_.end() ? *found : sendings_.emplace_back();
}

void Telemetry::settle() {
  for (Sending& sending : sendings_) static_cast<void>(is_free(sending));
}

void Telemetry::send(const Communicator& comm, int tag, int to) {
  Sending& sending = free_sending();
  std::vector<std::byte>& bytes = sending.bytes;
  bytes.reserve(arrived_.size());
  bytes.clear();
  for (std::size_t& told = places_[static_cast<std::size_t>(to)].told; told < known_.size(); ++told) {
    const std::span<const std::byte> record = of(known_[told]);
    const Head head{static_cast<std::uint32_t>(known_[told]), static_cast<std::uint32_t>(record.size())};
    const auto* const begin = reinterpret_cast<const std::byte*>(&head);
    bytes.insert(bytes.end(), begin, begin + sizeof head);
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  check(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, tag, comm.handle(),
                  &sending.request),
        "MPI_Isend");
}

bool Telemetry::take(std::span<const std::byte> message) {
  while (!message.empty()) {
    Head head;
    if (message.size() < sizeof head) return false;
    std::memcpy(&head, message.data(), sizeof head);
    message = message.subspan(sizeof head);
    if (head.rank >= places_.size() || head.bytes == 0 || head.bytes > std::min(kRecordBytes, message.size()))
      return false;
    learn(static_cast<int>(head.rank), message.first(head.bytes));
    message = message.subspan(head.bytes);
  }
  return true;
}

bool Telemetry::receive(MPI_Comm comm, int tag, int from, int& code) {
  int found = 0;
  MPI_Message message = MPI_MESSAGE_NULL;
  MPI_Status status;
  code = MPI_Improbe(from, tag, comm, &found, &message, &status);
  if (code != MPI_SUCCESS) return true;
  if (found == 0) return false;
  int count = 0;
  MPI_Get_count(&status, MPI_BYTE, &count);
  const auto bytes = static_cast<std::size_t>(count);
  // A longer message is another one, of a rank that reduces something else. It stays with its sender, as in
  // CheckedReceive.
  if (bytes <= arrived_.size())
    code = MPI_Mrecv(arrived_.data(), count, MPI_BYTE, &message, MPI_STATUS_IGNORE);
  if (code == MPI_SUCCESS && (bytes > arrived_.size() || !take({arrived_.data(), bytes})))
    code = MPI_ERR_TRUNCATE;
  return true;
}

}  // namespace pliant
