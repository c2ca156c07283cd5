namespace Dfss.Commands;

/// <summary>A local file and the name it has in the store.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Name">The name, normalized.</param>
/// <param name="Length">The length in bytes when the file was found.</param>
internal readonly record struct LocalFile(string Path, string Name, long Length);
