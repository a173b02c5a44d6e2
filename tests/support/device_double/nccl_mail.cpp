#include "nccl_mail.hpp"

#include <utility>

namespace pliant::test {

Incoming::Incoming(int from, int tag, std::size_t bytes) : bytes_(bytes), from_(from) {
  PMPI_Irecv(bytes_.data(), static_cast<int>(bytes), MPI_BYTE, from, tag, MPI_COMM_WORLD, &request_);
}

Incoming::~Incoming() {
  if (request_ == MPI_REQUEST_NULL) return;
  PMPI_Cancel(&request_);
  PMPI_Wait(&request_, MPI_STATUS_IGNORE);
}

bool Incoming::arrived() {
  if (request_ == MPI_REQUEST_NULL) return true;
  int done = 0;
  MPI_Status status;
  PMPI_Test(&request_, &done, &status);
  if (done == 0) return false;
  int received = 0;
  PMPI_Get_count(&status, MPI_BYTE, &received);
  bytes_.resize(static_cast<std::size_t>(received));
  from_ = status.MPI_SOURCE;
  return true;
}

void Outgoing::send(int to, int tag, Bytes bytes) {
  auto message = std::make_unique<Message>();
  message->bytes = std::move(bytes);
  PMPI_Isend(message->bytes.data(), static_cast<int>(message->bytes.size()), MPI_BYTE, to, tag,
             MPI_COMM_WORLD, &message->request);
  messages_.push_back(std::move(message));
}

bool Outgoing::all_gone() {
  while (!messages_.empty()) {
    int done = 0;
    PMPI_Test(&messages_.front()->request, &done, MPI_STATUS_IGNORE);
    if (done == 0) return false;
    messages_.pop_front();
  }
  return true;
}

Outgoing::~Outgoing() {
  if (all_gone()) return;
  for (auto& message : messages_) {
    if (message->request != MPI_REQUEST_NULL) PMPI_Request_free(&message->request);
    [[maybe_unused]] const Message* abandoned = message.release();
  }
}

}  // namespace pliant::test
