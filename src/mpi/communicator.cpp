#include "mpi/communicator.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "core/task.hpp"
#include "mpi/check.hpp"
#include "mpi/checked_receive.hpp"
#include "mpi/request.hpp"

namespace pliant {
namespace {

constexpr int kTag = 0;  // one operation at a time on a communicator, messages in order: one tag is enough
constexpr auto kPiece = static_cast<std::size_t>(Communicator::kPieceBytes);

/// Runs `act` if a function ends before it is done.
template <class Act>
struct IfNotDone {
  Act act;
  bool done = false;
  explicit IfNotDone(Act what) : act(what) {}
  IfNotDone(const IfNotDone&) = delete;
  IfNotDone& operator=(const IfNotDone&) = delete;
  ~IfNotDone() {
    if (!done) act();
  }
};

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
      announced_(other.announced_),
      left_(std::move(other.left_)),
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
  RequestBatch sends;
  IfNotDone failed{[&] {
    announce_failure();
    sends.take([&](MPI_Request send) { leave_send(send, to); });
    while (!settled()) idle();  // the caller owns their memory
  }};
  const auto wait = [&](auto&& over) {
    for (int looks = 1; !over(); ++looks) {
      idle();
      require_no_failure(looks);
    }
  };
  for (std::size_t begin = 0; begin < out.size(); begin += kPiece) {
    const auto piece = out.subspan(begin, std::min(kPiece, out.size() - begin));
    check(MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, kTag, comm_, sends.next()),
          "MPI_Isend");
    count_sent(piece.size());
  }
  for (std::size_t begin = 0; begin < in.size() && from != MPI_PROC_NULL; begin += kPiece) {
    CheckedReceive receive;
    receive.expect(in.subspan(begin, std::min(kPiece, in.size() - begin)), from, Length::exact);
    wait([&] { return receive.match(comm_, kTag) && receive.test(); });
    receive.check();
  }
  wait([&] { return sends.test(); });
  failed.done = true;
}

void Communicator::complete(MPI_Request& request) const {
  int done = 0;
  IfNotDone failed{[&] { announce_failure(); }};
  for (int looks = 1; done == 0; ++looks) {
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) break;
    idle();
    require_no_failure(looks);
  }
  failed.done = true;
}

void Communicator::idle() const {
  if (idle_ != nullptr) idle_(idle_of_);
}

void Communicator::announce_failure() const {
  if (announced_) return;
  announced_ = true;
  if (whole_ != nullptr) whole_->announce_failure();
  for (int to = 0; to < ranks_; ++to) {
    if (to == rank_) continue;
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Isend(nullptr, 0, MPI_BYTE, to, kFailureTag, comm_, &request) == MPI_SUCCESS)
      MPI_Request_free(&request);
  }
}

int Communicator::look_for_notice(int of) const {
  int there = 0;
  MPI_Status status;
  const int code = MPI_Iprobe(of, kFailureTag, comm_, &there, &status);
  return code == MPI_SUCCESS && there != 0 ? status.MPI_SOURCE : -1;
}

void Communicator::require_no_failure(int looks) const {
  const int failed = announced_ ? rank_ : looks % kLooks == 0 ? failed_rank() : -1;
  if (failed < 0) return;
  throw Error(ErrorClass::other,
              "rank " + std::to_string(failed) + " has given up an operation on this communicator",
              "all ranks carry out an operation, or none",
              "Read that rank's message. Call Pliant_Comm_repair on all ranks, or end the program");
}

void Communicator::leave_send(MPI_Request send, int to) {
  announce_failure();
  left_.push_back({send, to});
}

bool Communicator::settled() {
  std::erase_if(left_, [&](LeftSend& send) {
    int done = 0;
    if (MPI_Test(&send.request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || done != 0) return true;
    if (look_for_notice(send.to) < 0) return false;
    MPI_Request_free(&send.request);
    return true;
  });
  return left_.empty();
}

}  // namespace pliant
