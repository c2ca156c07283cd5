using System.Collections.ObjectModel;

namespace Dfss;

/// <summary>
/// A list whose text is its items, parted by commas: in Export-Csv a list would else be the name of its type.
/// </summary>
internal sealed class DisplayList<T>(IEnumerable<T> items) : ReadOnlyCollection<T>([.. items])
{
    /// <summary>The items, parted by commas; what -Peer takes, when they are addresses.</summary>
    public override string ToString() => string.Join(',', Items);
}
