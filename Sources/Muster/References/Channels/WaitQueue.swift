import DequeModule

/// Those who wait, first come first served; anybody can leave.
struct WaitQueue<Element> {
  /// In the order of the numbers; `nil` for who has left the middle of the queue.
  private var places = Deque<(number: UInt64, element: Element?)>()
  private var vacancies = 0

  var isEmpty: Bool { places.isEmpty }

  var first: Element? { places.first?.element }

  /// Numbers come in order but for those of tasks that got theirs at the same time.
  mutating func append(_ element: Element, number: UInt64) {
    var index = places.endIndex
    while index > places.startIndex, places[index - 1].number > number { index -= 1 }
    places.insert((number, element), at: index)
  }

  mutating func popFirst() -> Element? {
    guard let place = places.popFirst() else { return nil }
    dropVacancies()
    return place.element
  }

  mutating func remove(_ number: UInt64) -> Element? {
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle].number < number { low = middle + 1 } else { high = middle }
    }
    guard low < places.count, places[low].number == number, let element = places[low].element else { return nil }
    places[low].element = nil
    vacancies += 1
    dropVacancies()
    return element
  }

  /// Removes all that satisfy a condition, in order.
  mutating func removeAll(where condition: (Element) -> Bool) -> [Element] {
    var removed: [Element] = []
    for index in places.indices {
      guard let element = places[index].element, condition(element) else { continue }
      places[index].element = nil
      vacancies += 1
      removed.append(element)
    }
    dropVacancies()
    return removed
  }

  /// The ends are always taken, and never more than half of the rest is vacant.
  private mutating func dropVacancies() {
    guard vacancies > 0 else { return }
    while let first = places.first, first.element == nil {
      places.removeFirst()
      vacancies -= 1
    }
    while let last = places.last, last.element == nil {
      places.removeLast()
      vacancies -= 1
    }
    guard 2 * vacancies > places.count else { return }
    places.removeAll { $0.element == nil }
    vacancies = 0
  }
}

extension WaitQueue: Sendable where Element: Sendable {}
