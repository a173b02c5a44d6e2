// Splits a long vector into pieces whose counts fit an int. Reductions are element-wise, so reducing the
// pieces equals reducing the whole.
#pragma once

#include <mpi.h>

#include <algorithm>

namespace pliant {

struct Pieces {
  const void* send = nullptr;           ///< or MPI_IN_PLACE
  void* recv = nullptr;                 ///< may be MPI_BOTTOM, as `send`: absolute addresses
  MPI_Count count = 0;                  ///< elements; a negative count is one piece, which MPI rejects
  MPI_Count extent = 0;                 ///< [byte] from one element to the next
  MPI_Count most = MPI_Count{1} << 30;  ///< elements per piece

  MPI_Count number() const { return count <= most ? 1 : (count + most - 1) / most; }
  int count_of(MPI_Count piece) const {
    return static_cast<int>(std::clamp(count - piece * most, MPI_Count{-1}, most));
  }
  const void* send_of(MPI_Count piece) const { return send == MPI_IN_PLACE ? send : place(send, piece); }
  void* recv_of(MPI_Count piece) const { return place(recv, piece); }

 private:
  template <class Pointer>
  Pointer place(Pointer buffer, MPI_Count piece) const {
    const auto offset = static_cast<MPI_Aint>(piece * most * extent);
    return reinterpret_cast<Pointer>(reinterpret_cast<MPI_Aint>(buffer) + offset);
  }
};

/// Sets pieces.extent if there is more than one piece. Returns MPI's code.
int find_extent(Pieces& pieces, MPI_Datatype datatype);

}  // namespace pliant
