#include "mpi/communicator.hpp"

#include <algorithm>

#include "mpi/check.hpp"
#include "mpi/request.hpp"

namespace pliant {
namespace {

constexpr int kTag = 0;  // one operation at a time on a communicator, messages in order: one tag is enough
constexpr std::size_t kPieceBytes = std::size_t{1} << 30;  // below INT_MAX, MPI 3.1's limit for a count

}  // namespace

Communicator Communicator::duplicate(MPI_Comm user) {
  MPI_Comm comm = MPI_COMM_NULL;
  check(MPI_Comm_dup(user, &comm), "MPI_Comm_dup");
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
  return Communicator(comm);
}

Communicator::Communicator(MPI_Comm comm) : comm_(comm) {
  check(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(comm_, &ranks_), "MPI_Comm_size");
}

Communicator::Communicator(Communicator&& other) noexcept
    : comm_(other.comm_), rank_(other.rank_), ranks_(other.ranks_), traffic_(other.traffic_) {
  other.comm_ = MPI_COMM_NULL;
}

Communicator::~Communicator() {
  if (comm_ != MPI_COMM_NULL) MPI_Comm_free(&comm_);
}

void Communicator::send(std::span<const std::byte> bytes, int to) {
  exchange(bytes, to, {}, MPI_PROC_NULL);
}

void Communicator::receive(std::span<std::byte> bytes, int from) {
  exchange({}, MPI_PROC_NULL, bytes, from);
}

void Communicator::exchange(std::span<const std::byte> out, int to, std::span<std::byte> in, int from) {
  RequestBatch batch;
  for (std::size_t begin = 0; begin < in.size(); begin += kPieceBytes) {
    const auto piece = in.subspan(begin, std::min(kPieceBytes, in.size() - begin));
    check(MPI_Irecv(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, from, kTag, comm_, batch.next()),
          "MPI_Irecv");
  }
  for (std::size_t begin = 0; begin < out.size(); begin += kPieceBytes) {
    const auto piece = out.subspan(begin, std::min(kPieceBytes, out.size() - begin));
    check(MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, kTag, comm_, batch.next()),
          "MPI_Isend");
    ++traffic_.messages;
  }
  traffic_.bytes += static_cast<std::int64_t>(out.size());
  batch.wait();
}

// A piece shorter than kPieceBytes, empty if need be, is the last: no length has to travel first.
std::size_t Communicator::exchange_some(std::span<const std::byte> out, int to, std::span<std::byte> room,
                                        int from) {
  RequestBatch batch;
  for (std::size_t begin = 0; to != MPI_PROC_NULL; begin += kPieceBytes) {
    const auto piece = out.subspan(begin, std::min(kPieceBytes, out.size() - begin));
    check(MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, kTag, comm_, batch.next()),
          "MPI_Isend");
    ++traffic_.messages;
    if (piece.size() < kPieceBytes) break;
  }
  traffic_.bytes += static_cast<std::int64_t>(out.size());
  std::size_t received = 0;
  while (from != MPI_PROC_NULL) {
    const auto piece = room.subspan(received, std::min(kPieceBytes, room.size() - received));
    MPI_Status status;
    int count = 0;
    check(MPI_Recv(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, from, kTag, comm_, &status),
          "MPI_Recv");
    check(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
    received += static_cast<std::size_t>(count);
    if (static_cast<std::size_t>(count) < kPieceBytes) break;
  }
  batch.wait();
  return received;
}

}  // namespace pliant
