// The report's one style sheet: a phone first, wider screens get more columns; light and dark.
export const STYLE = `:root{color-scheme:light dark;
--ground:light-dark(#f4f5f7,#14161a);--card:light-dark(#fff,#1d2026);--ink:light-dark(#1a1d21,#e8eaed);--quiet:light-dark(#5b6470,#9aa4b1);--line:light-dark(#dfe3e8,#31363e);
--good:light-dark(#0b6b3a,#5ed39a);--bad:light-dark(#a4262c,#ff8a8a);--series:light-dark(#1a4fd6,#7aa2ff);--buy:light-dark(#0f7f8c,#4fc4d2);--sell:light-dark(#b4531a,#f0a06a);
--received:light-dark(#2a9d6f,#3fae80);--token:light-dark(#e0b000,#f2cd4a);--broker:light-dark(#d26a1b,#ef9350);--ours:light-dark(#7a4fc0,#b495ef);--unexplained:light-dark(#a4262c,#ff5c5c)}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:var(--ground);color:var(--ink)}
main{max-width:76rem;margin:0 auto;padding:1.5rem 1rem 3rem;overflow-wrap:break-word}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 .5rem;text-wrap:balance}
h2{font-size:1.15rem;margin:2rem 0 .25rem}
h3{font-size:.95rem;margin:0 0 .25rem}
p{margin:.25rem 0 .75rem;max-width:46rem;text-wrap:pretty}
.mark,.note,dt{color:var(--quiet)}
.mark,.note{font-size:.9rem}
.good{color:var(--good)}.bad{color:var(--bad)}
.verdict{font-weight:600}
.verdict.good::before{content:"\\2713\\a0"}.verdict.bad::before{content:"\\2717\\a0"}
.tiles{display:grid;grid-template-columns:repeat(2,1fr);gap:.75rem;margin:1rem 0 0}
.tiles div,.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.75rem}
.tiles dt,.tiles .note{font-size:.8rem}
.tiles dd{margin:0;font-size:1.3rem;line-height:1.3;font-weight:600;white-space:nowrap;font-variant-numeric:tabular-nums}
.tiles .note{font-weight:400}
.card{container-type:inline-size}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr));gap:.75rem}
.card svg{display:block;width:100%;max-width:32rem;height:auto;margin:0 auto}
.pair{display:flex;flex-wrap:wrap;gap:.75rem}
.pair .card{flex:1 1 min(24rem,100%)}
.pair .small{flex:1 1 min(16rem,100%)}
.pair .large{flex:2 1 min(28rem,100%)}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:.5rem 0;padding:0;font-size:.9rem}
i{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin-right:.35rem}
table{width:100%;border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .75rem .3rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
td:last-child{white-space:normal;overflow-wrap:anywhere}
th{font-weight:600;color:var(--quiet)}
tr:last-child td{border-bottom:none}
td.n,th.n{text-align:right}
.hashes td:last-child{font:.8rem/1.6 ui-monospace,monospace}
@container (max-width:28rem){
.stack{display:grid;grid-template-columns:repeat(var(--n),auto);font-size:.85rem}
.stack thead,.stack tbody{display:contents}
.stack tr{display:grid;grid-column:1/-1;grid-template-columns:subgrid;border-bottom:1px solid var(--line)}
.stack tbody tr:last-child,.stack th,.stack td{border:none}
.stack th,.stack td{padding-right:.4rem}
.stack th:last-child,.stack td:last-child{padding-right:0}
.stack th{font-size:.8rem}
.stack th:first-child{display:none}
.stack td:first-child{grid-column:1/-1;padding-bottom:0;font-weight:600;white-space:normal;overflow-wrap:anywhere}
}
@media(min-width:44rem){.tiles{grid-template-columns:repeat(3,1fr)}}
@media(min-width:64rem){.tiles{grid-template-columns:none;grid-auto-flow:column;grid-auto-columns:1fr}}
@media print{body{background:none}.card{break-inside:avoid}}
`;
