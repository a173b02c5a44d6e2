#include "mpi/checked_receive.hpp"

#include <new>
#include <string>

#include "core/error.hpp"
#include "mpi/check.hpp"

namespace pliant {

void CheckedReceive::expect(std::span<std::byte> room, int from, Length length, Telemetry* telemetry) {
  room_ = room;
  from_ = from;
  length_ = length;
  telemetry_ = telemetry;
  matched_ = false;
  bytes_ = 0;
  request_ = MPI_REQUEST_NULL;
  code_ = MPI_SUCCESS;
  elsewhere_.reset();
}

bool CheckedReceive::match(MPI_Comm comm, int tag) {
  if (matched_) return true;
  if (telemetry_ != nullptr) {
    if (!telemetry_->receive(comm, tag, from_, code_)) return false;
    telemetry_ = nullptr;
    matched_ = code_ != MPI_SUCCESS;
    if (matched_) return true;
  }
  int found = 0;
  MPI_Message message = MPI_MESSAGE_NULL;
  MPI_Status status;
  code_ = MPI_Improbe(from_, tag, comm, &found, &message, &status);
  matched_ = found != 0 || code_ != MPI_SUCCESS;
  if (found == 0 || code_ != MPI_SUCCESS) return matched_;
  int count = 0;
  MPI_Get_count(&status, MPI_BYTE, &count);
  bytes_ = static_cast<std::size_t>(count);
  std::byte* memory = room_.data();
  if (bytes_ > room_.size()) {
    elsewhere_.reset(new (std::nothrow) std::byte[bytes_]);
    memory = elsewhere_.get();
  }
  // Without memory for a message that is too long, it stays with its sender; check() throws in either case.
  if (bytes_ <= room_.size() || memory != nullptr)
    code_ = MPI_Imrecv(memory, count, MPI_BYTE, &message, &request_);
  return true;
}

bool CheckedReceive::test() {
  if (!matched_) return false;
  if (code_ != MPI_SUCCESS) return true;
  int done = 0;
  code_ = MPI_Test(&request_, &done, MPI_STATUS_IGNORE);
  return done != 0 || code_ != MPI_SUCCESS;
}

void CheckedReceive::finish() {
  if (request_ != MPI_REQUEST_NULL) MPI_Wait(&request_, MPI_STATUS_IGNORE);
}

void CheckedReceive::check() const {
  pliant::check(code_, "receiving");
  if (!is_wrong()) return;
  throw Error(ErrorClass::argument,
              "rank " + std::to_string(from_) + " sent " + std::to_string(bytes_) + " bytes of a message",
              std::string(length_ == Length::exact ? "" : "at most ") + std::to_string(room_.size()) +
                  " are expected: every rank reduces the same, with the same settings",
              "Find the calls in both ranks; PLIANT_CHECK=1 looks at every operation");
}

}  // namespace pliant
