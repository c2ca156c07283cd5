# What every example of the help finds: files in the current folder, two peers that $env:DFSS_PEER names, files stored
# there. The session has a state folder of its own there, and the caller restores $env:XDG_STATE_HOME and the variables
# of clusters. Gives the peers' ports. Uses only the language, .NET and DFSS itself, so that it also runs in the bare
# engine.
param(
    # An empty folder; becomes the current location of the session.
    [Parameter(Mandatory)]
    [string] $Folder,

    # Also makes a cluster called lab, with its issuer, some members and an invitation for a reader in
    # $env:DFSS_INVITATION.
    [switch] $Cluster,

    # Also makes a key (files.key), Ann's certificate without and with its private key (ann.cer, ann.pfx), and a file
    # encrypted for both.
    [switch] $Encrypted
)

$ErrorActionPreference = 'Stop'

function New-File([string] $Path, [int] $Seed) {
    $full = [System.IO.Path]::Combine($Folder, $Path)
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($full))
    $bytes = [byte[]]::new(300KB)
    [System.Random]::new($Seed).NextBytes($bytes)
    [System.IO.File]::WriteAllBytes($full, $bytes)
}

$env:XDG_STATE_HOME = [System.IO.Path]::Combine($Folder, '.state')
$seed = 0
foreach ($path in 'report.pdf', 'disk1.iso', 'disk2.iso', 'plan [draft].txt', 'photos/2025/a.jpg',
    'photos/2026/a.jpg') {
    New-File $path (++$seed)
}

[System.IO.File]::WriteAllLines([System.IO.Path]::Combine($Folder, 'list.csv'),
    [string[]]('Path,Name', 'report.pdf,lists/report'))
$null = $ExecutionContext.SessionState.Path.SetLocation([WildcardPattern]::Escape($Folder))

$peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }
$env:DFSS_PEER = $peers.Endpoint -join ','
$archive = [System.IO.Path]::Combine($Folder, 'backup.zip')
$photos = [System.IO.Path]::Combine($Folder, 'photos')
# What is stored as backup.zip is older than what lies here.
[System.IO.Compression.ZipFile]::CreateFromDirectory([System.IO.Path]::Combine($photos, '2025'), $archive)
$null = Send-DfssFile backup.zip
[System.IO.File]::Delete($archive)
[System.IO.Compression.ZipFile]::CreateFromDirectory($photos, $archive)
$null = Send-DfssFile report.pdf -Name reports/q2.pdf
foreach ($name in 'reports/q1.pdf', 'notes [draft].txt') { $null = Send-DfssFile disk1.iso -Name $name }

if ($Cluster) {
    $env:DFSS_CLUSTER_PASSPHRASE = 'correct horse battery staple'
    $null = New-DfssCluster lab
    $null = Start-DfssPeer -InMemory -Port 0 -Issuer
    foreach ($name in 'ann', 'laptop7', 'build-1', 'build-3') {
        $invitation = New-DfssInvitation -Role Writer -Name $name
        $state = $env:XDG_STATE_HOME
        $env:XDG_STATE_HOME = [System.IO.Path]::Combine($Folder, ".state-$name")
        $null = Join-DfssCluster $invitation
        $env:XDG_STATE_HOME = $state
    }

    $env:DFSS_INVITATION = New-DfssInvitation -Role Reader
}

if ($Encrypted) {
    $ecdsa = [System.Security.Cryptography.ECDsa]::Create([System.Security.Cryptography.ECCurve+NamedCurves]::nistP256)
    $request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new(
        'CN=ann', $ecdsa, [System.Security.Cryptography.HashAlgorithmName]::SHA256)
    $ann = $request.CreateSelfSigned([System.DateTimeOffset]::UtcNow.AddDays(-1),
        [System.DateTimeOffset]::UtcNow.AddDays(9))
    [System.IO.File]::WriteAllBytes([System.IO.Path]::Combine($Folder, 'ann.cer'), $ann.Export('Cert'))
    [System.IO.File]::WriteAllBytes([System.IO.Path]::Combine($Folder, 'ann.pfx'), $ann.Export('Pkcs12'))
    $null = New-DfssEncryptionKey ./files.key
    $null = Send-DfssFile report.pdf -Name secret/report.pdf -EncryptionKey ./files.key
}

$peers.Port
