import Muster
import Testing

@Test(
  arguments: [
    (0..<0, 3, []), (5..<6, 1, [5..<6]), (0..<4, 1, [0..<4]), (0..<4, 4, [0..<1, 1..<2, 2..<3, 3..<4]),
    (0..<3, 4, [0..<1, 1..<2, 2..<3]), (1..<17, 4, [1..<5, 5..<9, 9..<13, 13..<17]),
    (0..<5, 4, [0..<2, 2..<3, 3..<4, 4..<5]), (0..<6, 4, [0..<2, 2..<4, 4..<5, 5..<6]),
    (0..<7, 4, [0..<2, 2..<4, 4..<6, 6..<7]), (0..<7, 2, [0..<4, 4..<7]), (-1..<2, 2, [-1..<1, 1..<2]),
    (-1..<2, 5, [-1..<0, 0..<1, 1..<2]), (-10 ..< -3, 3, [-10 ..< -7, -7 ..< -5, -5 ..< -3]),
    (100..<111, 3, [100..<104, 104..<108, 108..<111]),
    (Int.max - 3..<Int.max, 2, [Int.max - 3..<Int.max - 1, Int.max - 1..<Int.max]),
  ] as [(Range<Int>, Int, [Range<Int>])])
func `splitrange gives the remainder to the first parts, and parts of one where there are few elements`(
  range: Range<Int>, parts: Int, expected: [Range<Int>]
) {
  #expect(splitrange(range, into: parts) == expected)
}

@Test func `splitrange splits what has more elements than the largest Int`() {
  let parts = splitrange(Int.min..<Int.max, into: 2)
  #expect(parts == [Int.min..<0, 0..<Int.max])
  #expect(splitrange(Int.min..<Int.max, into: 1) == [Int.min..<Int.max])
}
