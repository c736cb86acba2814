import Muster

/// Counts the k-mers of a genome, chunk by chunk: the body of a distributed loop over the chunks.
///
/// A k-mer and its reverse complement, what the other strand has there, are the same one; it is known by the smaller
/// code of the two. A code has two bits for each base.
struct CountKmers: RemoteLoopBody {
  let genome: Genome
  let k: Int
  /// How many k-mers begin in a chunk.
  let chunkSize: Int

  var chunkCount: Int { (genome.count - k + 1 + chunkSize - 1) / chunkSize }

  /// How often each k-mer begins in a chunk.
  func callAsFunction(_ chunk: Int) -> [UInt32] {
    var counts = [UInt32](repeating: 0, count: 1 << (2 * k))
    let first = chunk * chunkSize
    let end = min(first + chunkSize + k - 1, genome.count)
    var (code, complement) = (0, 0)
    for position in first..<end {
      let base = genome[position]
      code = (code << 2 | base) & (counts.count - 1)
      complement = complement >> 2 | (3 - base) << (2 * (k - 1))
      if position - first >= k - 1 { counts[min(code, complement)] += 1 }
    }
    return counts
  }
}

/// Adds the counts of two chunks.
struct AddCounts: RemoteReducer {
  func combine(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    var sum = a
    for code in sum.indices { sum[code] += b[code] }
    return sum
  }
}
