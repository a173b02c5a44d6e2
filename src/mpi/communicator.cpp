#include "mpi/communicator.hpp"

#include <algorithm>

#include "mpi/check.hpp"
#include "mpi/checked_receive.hpp"
#include "mpi/request.hpp"

namespace pliant {
namespace {

constexpr int kTag = 0;  // one operation at a time on a communicator, messages in order: one tag is enough
constexpr auto kPiece = static_cast<std::size_t>(Communicator::kPieceBytes);

}  // namespace

Communicator Communicator::duplicate(MPI_Comm user) {
  MPI_Comm comm = MPI_COMM_NULL;
  check_users("MPI_Comm_dup", [&] { return MPI_Comm_dup(user, &comm); });
  return Communicator(comm);
}

Communicator Communicator::duplicate(const Communicator& comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  check(MPI_Comm_dup(comm.handle(), &copy), "MPI_Comm_dup");
  return Communicator(copy);
}

Communicator Communicator::split(const Communicator& comm, int color, int place) {
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split(comm.handle(), color, place, &part), "MPI_Comm_split");
  return Communicator(part);
}

Communicator Communicator::on_this_host(const Communicator& comm) {
  MPI_Comm host = MPI_COMM_NULL;
  check(MPI_Comm_split_type(comm.handle(), MPI_COMM_TYPE_SHARED, comm.rank(), MPI_INFO_NULL, &host),
        "MPI_Comm_split_type");
  return Communicator(host);
}

Communicator::Communicator(MPI_Comm comm) : comm_(comm) {
  MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
  check(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(comm_, &ranks_), "MPI_Comm_size");
}

Communicator::Communicator(Communicator&& other) noexcept
    : comm_(other.comm_),
      rank_(other.rank_),
      ranks_(other.ranks_),
      traffic_(other.traffic_),
      idle_(other.idle_),
      idle_of_(other.idle_of_) {
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
  for (std::size_t begin = 0; begin < out.size(); begin += kPiece) {
    const auto piece = out.subspan(begin, std::min(kPiece, out.size() - begin));
    check(MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, kTag, comm_, batch.next()),
          "MPI_Isend");
    count_sent(piece.size());
  }
  for (std::size_t begin = 0; begin < in.size() && from != MPI_PROC_NULL; begin += kPiece) {
    CheckedReceive receive;
    receive.expect(in.subspan(begin, std::min(kPiece, in.size() - begin)), from, Length::exact);
    while (!receive.match(comm_, kTag) || !receive.test()) {
      if (idle_ != nullptr) idle_(idle_of_);
    }
    receive.check();
  }
  if (idle_ != nullptr)
    while (!batch.test()) idle_(idle_of_);
  batch.wait();
}

void Communicator::complete(MPI_Request& request) const {
  int done = 0;
  while (idle_ != nullptr && done == 0) {
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done == 0) idle_(idle_of_);
  }
  check(MPI_Wait(&request, MPI_STATUS_IGNORE), "MPI_Wait");
}

}  // namespace pliant
