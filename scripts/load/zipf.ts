/**
 * Draws ranks 1..count so that rank k is drawn in proportion to 1/k: how visitors spread over the pages of a site
 * (Breslau et al., "Web caching and Zipf-like distributions", 1999; exponent near 1).
 */
export function zipf(count: number, random: () => number): () => number {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    sum += 1 / rank;
    cumulative[rank - 1] = sum;
  }
  return () => {
    const drawn = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! > drawn) high = middle;
      else low = middle + 1;
    }
    return low + 1;
  };
}
