import { openDataset } from '@bigrid/node';
import { Random } from '@bigrid/method';
import { FeatureReader, unlikeTheRest } from './packages/node/dist/doctor/odd-pictures.js';
const [name,most]=[process.argv[2],Number(process.argv[3])];
const { classes:[c] } = await openDataset('/work/shared/data/'+name);
const r=await FeatureReader.open({threads:1}); const random=new Random(1);
const pick=(a,n)=>random.permutation(a.length).slice(0,n).map(i=>a[i]);
const good=[],bad=[];
for (const e of pick(c.training,most)) good.push({path:'good '+e.path,description:await r.describe(await e.read())});
for (const e of pick(c.test.filter(e=>e.defect!=='good'),60)) bad.push({path:'bad '+e.defect+' '+e.path,description:await r.describe(await e.read())});
let caught=0,falses=0,reps=20,kinds={};
for (let k=0;k<reps;k++){ const p=pick(bad,5); const [f]=unlikeTheRest([...good,...p],name); const paths=(f.paths??[]).flat(); caught+=paths.filter(x=>x.startsWith('bad')).length; falses+=paths.filter(x=>x.startsWith('good')).length; for(const x of p){const d=x.path.split(' ')[1]; kinds[d]??=[0,0]; kinds[d][1]++; if(paths.includes(x.path)) kinds[d][0]++;}}
const t=performance.now(); const [f0]=unlikeTheRest(good,name); console.log('ms',performance.now()-t);
console.log(name,good.length,'caught',caught,'of',5*reps,'false',falses,'of',good.length*reps,'none planted:',f0.message,JSON.stringify(kinds));
