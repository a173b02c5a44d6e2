#include "mpi/flow.hpp"

#include "mpi/check.hpp"

namespace pliant {

MPI_Request* Flow::Queue::post() {
  MPI_Request& request = requests[static_cast<std::size_t>((first + used) % kMost)];
  request = MPI_REQUEST_NULL;
  ++used;
  return &request;
}

void Flow::Queue::pop() {
  first = (first + 1) % kMost;
  --used;
  ++completed;
}

Flow::~Flow() {
  for (; receives_.used > 0; receives_.pop()) {
    MPI_Cancel(&receives_.oldest());
    MPI_Wait(&receives_.oldest(), MPI_STATUS_IGNORE);
  }
  for (; sends_.used > 0; sends_.pop()) MPI_Wait(&sends_.oldest(), MPI_STATUS_IGNORE);
}

void Flow::send(std::span<const std::byte> bytes, int to) {
  check(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, tag_, comm_.handle(),
                  sends_.post()),
        "MPI_Isend");
  comm_.count_sent(bytes.size());
}

void Flow::receive(std::span<std::byte> room, int from) {
  check(MPI_Irecv(room.data(), static_cast<int>(room.size()), MPI_BYTE, from, tag_, comm_.handle(),
                  receives_.post()),
        "MPI_Irecv");
}

bool Flow::sends_matter() const {
  return or_sent_ || receives_.used == 0;
}

void Flow::note(Queue& queue, const MPI_Status& status) {
  happened_ = true;
  event_ = &queue == &sends_ ? Event::sent : Event::received;
  if (code_ == MPI_SUCCESS && event_ == Event::received) {
    int count = 0;
    code_ = MPI_Get_count(&status, MPI_BYTE, &count);
    received_bytes_ = static_cast<std::size_t>(count);
  }
  queue.pop();
}

bool Flow::test(Queue& queue) {
  if (queue.used == 0) return false;
  int done = 0;
  MPI_Status status;
  code_ = MPI_Test(&queue.oldest(), &done, &status);
  if (code_ != MPI_SUCCESS || done != 0) note(queue, status);
  return happened_;
}

bool Flow::ready(void* flow) {
  Flow& self = *static_cast<Flow*>(flow);
  return self.happened_ || self.test(self.receives_) || (self.sends_matter() && self.test(self.sends_));
}

void Flow::block(void* flow) {
  Flow& self = *static_cast<Flow*>(flow);
  if (self.happened_) return;
  const bool receives = self.receives_.used > 0;
  const bool sends = self.sends_.used > 0 && self.sends_matter();
  std::array<MPI_Request, 2> oldest = {receives ? self.receives_.oldest() : MPI_REQUEST_NULL,
                                       sends ? self.sends_.oldest() : MPI_REQUEST_NULL};
  int which = 0;
  MPI_Status status;
  self.code_ = MPI_Waitany(static_cast<int>(oldest.size()), oldest.data(), &which, &status);
  if (receives) self.receives_.oldest() = oldest[0];
  if (sends) self.sends_.oldest() = oldest[1];
  self.note(which == 1 || !receives ? self.sends_ : self.receives_, status);
}

Flow::Event Flow::Next::await_resume() const {
  flow.happened_ = false;
  check(flow.code_, "MPI_Waitany");
  return flow.event_;
}

}  // namespace pliant
