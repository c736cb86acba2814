#if MPI
  @testable import MusterMPI
  import Testing

  extension MPITests {
    @Test(arguments: ["multiple", "serialized", "funneled"])
    func `connections over MPI keep the contract, from either end`(level: String) async throws {
      try await MPIJob.run(ranks: 1, ["conformance", level], within: 120).expectPassed()
    }

    @Test func `random calls, channels and large arrays across all pairs lose nothing`() async throws {
      try await MPIJob.run(ranks: 4, ["soak", "10"]).expectPassed()
    }
  }

  @Test func `a tag says all it was made of, and fits the smallest range of tags`() {
    for number in [MessageTag.numbers.lowerBound, 77, MessageTag.numbers.upperBound] {
      for isFromOpener in [true, false] {
        for kind in [MessageTag.Kind.data, .taken, .open, .close] {
          let tag = MessageTag(number: number, isFromOpener: isFromOpener, kind: kind)
          #expect(MessageTag(tag.rawValue) == tag && (0...32_767).contains(tag.rawValue))
        }
      }
    }
    #expect(MessageTag(0) == nil && MessageTag(32_768) == nil)
  }

  @Test func `where a rank runs survives its way to the others`() {
    let place = RankPlace(ospid: 4_194_303, host: "node-17.cluster.example", node: "boot[pid:4026531836]")
    #expect(place.bytes.count == RankPlace.size && RankPlace(place.bytes) == place)
    #expect(RankPlace.current.bytes.count == RankPlace.size)
  }
#endif
